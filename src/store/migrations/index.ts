import { first } from './0001-first.ts';
import { rehearsal } from './0002-rehearsal.ts';
import { retryDelay } from './0003-retry-delay.ts';
import { auditAndGates } from './0004-audit-and-gates.ts';
import { notifications } from './0005-notifications.ts';
import { schedules } from './0006-schedules.ts';
import { retention } from './0007-retention.ts';
import { access } from './0008-access.ts';
import { api } from './0009-api.ts';
import { listsOfEvents } from './0010-lists-of-events.ts';
import { listsOfModels } from './0011-lists-of-models.ts';
import { longPasts } from './0012-long-pasts.ts';
import { secretsInAnswers } from './0013-secrets-in-answers.ts';
import { hooks } from './0014-hooks.ts';

/** In order; a store's version is how many of them it has seen. */
export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  { name: '0001-first', sql: first },
  { name: '0002-rehearsal', sql: rehearsal },
  { name: '0003-retry-delay', sql: retryDelay },
  { name: '0004-audit-and-gates', sql: auditAndGates },
  { name: '0005-notifications', sql: notifications },
  { name: '0006-schedules', sql: schedules },
  { name: '0007-retention', sql: retention },
  { name: '0008-access', sql: access },
  { name: '0009-api', sql: api },
  { name: '0010-lists-of-events', sql: listsOfEvents },
  { name: '0011-lists-of-models', sql: listsOfModels },
  { name: '0012-long-pasts', sql: longPasts },
  { name: '0013-secrets-in-answers', sql: secretsInAnswers },
  { name: '0014-hooks', sql: hooks },
];
