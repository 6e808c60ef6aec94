-- Two accounts can exchange their email addresses in one statement.
ALTER TABLE accounts DROP CONSTRAINT accounts_email_key;
ALTER TABLE accounts ADD CONSTRAINT accounts_email_key UNIQUE (email) DEFERRABLE INITIALLY IMMEDIATE;
