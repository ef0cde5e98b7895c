"""Where tables come from: Parquet files of any vendor, and folders in qlib's binary format."""
