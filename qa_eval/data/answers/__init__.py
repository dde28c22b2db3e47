"""Files of answers that other tools write: JSON, JSON Lines, CSV and TSV in many shapes."""
