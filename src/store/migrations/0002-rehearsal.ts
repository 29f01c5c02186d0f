/** Runs that only rehearse: what they leave behind counts for nothing outside other rehearsals. */
export const rehearsal = `
alter table runs add column rehearsal integer not null default 0;
`;
