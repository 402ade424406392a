ALTER TABLE notes ADD COLUMN author TEXT;
CREATE INDEX by_author ON notes (author);
