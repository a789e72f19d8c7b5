"""The routes of the admin API, one noun a file; each declares the permission that it needs."""
