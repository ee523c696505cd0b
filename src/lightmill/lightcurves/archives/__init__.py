"""Where light curves are: the archives' paths, and how one finds out which of them exist."""
