-- What became of an answer that was begun while a judge judged: kept, cancelled, or none was.
ALTER TABLE requests ADD COLUMN speculation TEXT;
