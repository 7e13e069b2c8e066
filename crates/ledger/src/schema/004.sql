-- Whether tools were offered: 1 or 0; NULL in rows from before this column. The texts have the messages alone.
ALTER TABLE requests ADD COLUMN tools INTEGER;
