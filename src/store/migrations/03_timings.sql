-- When a job passed from hand to hand, and how long each part of the work took: what an operator asks for.
ALTER TABLE jobs ADD COLUMN claimed_ms INTEGER;
ALTER TABLE jobs ADD COLUMN made_ms INTEGER;
-- Milliseconds by stage, JSON; NULL when the circle was there already.
ALTER TABLE jobs ADD COLUMN stages TEXT;
