/** A job that is tried again may have to wait before that. */
export const retryDelay = `
alter table jobs add column not_before text;
`;
