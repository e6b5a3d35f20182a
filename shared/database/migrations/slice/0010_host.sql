-- Which of our hosts asked is part of a consent's evidence (R-POL-03); unknown for older ones.
alter table consent add column host text;
