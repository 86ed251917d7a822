"""What was to be saved in Nuxeo and could not be: kept until somebody has it back."""
