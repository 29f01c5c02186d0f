/** Who may come in from elsewhere: API tokens, sessions, and what the people behind them may do. */
export { rolesOfPerson } from './person-roles.ts';
export { openingKeys, sealingKey } from './sign-in-keys.ts';
export { beginSession, endSession, markSessionSeen, sessionOf } from './sessions.ts';
export type { Person, Session } from './sessions.ts';
export {
  TokenState,
  createToken,
  getToken,
  hasActiveToken,
  listTokens,
  markTokenUsed,
  revokeToken,
  tokenOf,
} from './tokens.ts';
export type { Token } from './tokens.ts';
