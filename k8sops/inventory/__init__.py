"""What an inventory may say, and the cluster that it describes."""
