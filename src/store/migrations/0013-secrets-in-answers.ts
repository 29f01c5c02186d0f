/** Answers that made a token had its secret in them. Their pages are overwritten, so that the file holds it no more. */
export const secretsInAnswers = `
pragma secure_delete = on;
delete from answers where route = 'POST /api/v1/tokens';
`;
