"""One folder for each subject: its tasks, resources, configuration, bash, facts and findings."""
