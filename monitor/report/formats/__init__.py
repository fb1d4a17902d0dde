"""Files and documents: records, CSV and JSON lines, Parquet, Atom, the blog's files."""
