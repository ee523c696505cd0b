"""How light curves are got: attempts with patience, files that are verified before they count."""
