-- Written by every batch and read by nobody: coverage and complete_from say it all.
ALTER TABLE series DROP COLUMN followed_until;
