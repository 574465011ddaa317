"""stub"""
from dataclasses import dataclass
@dataclass(frozen=True)
class Mirror:
    container: str
    packages_url: str
    images_url: str
    key: str
