"""In what order the steps run: customization.asl.json."""
