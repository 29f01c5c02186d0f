import type { KyselyPlugin } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { toIso } from '../kernel/clock.ts';
import { memoryStore, readEvents } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { addRun, person } from '../testing/test-rows.ts';
import { OPEN_GATE } from '../testing/test-world.ts';
import type { Approval, GateConfig, NewSubject, Verdict } from './index.ts';
import {
  closeApprovals,
  expireIfDue,
  nextReminder,
  remindIfDue,
  reopenApproval,
  getApproval,
  listApprovals,
  listSubjects,
  openApproval,
  subjectsWith,
  vote,
} from './index.ts';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const GROUPS = { leads: ['lea@x', 'Bob@x'] };

let store: Store;
beforeEach(async () => {
  store = memoryStore();
  await addRun(store);
  return () => store.close();
});

const subject = (name: string, more: Partial<NewSubject> = {}): NewSubject => ({
  subject: name,
  circuit_id: name,
  binding: { digest: name },
  detail: {},
  ...more,
});
const subjects = (count: number): NewSubject[] =>
  Array.from({ length: count }, (_, i) => subject(`m${String(i).padStart(5, '0')}`));

const open = (
  config: Partial<GateConfig> = {},
  of: readonly NewSubject[] = [subject('a'), subject('b'), subject('c')],
  now = NOW,
): Promise<Approval> =>
  store.tx((tx) =>
    openApproval(tx, now, {
      run_id: 'run_1',
      stage: 'PromoteModels',
      gate: 'registry-promotion',
      config: { ...OPEN_GATE, ...config },
      title: 'Promote',
      requested_by: 'ann@x',
      subjects: of,
    }),
  );

interface Ballot {
  readonly by?: string;
  readonly verdict?: Exclude<Verdict, 'pending'>;
  readonly only?: readonly string[];
  readonly comment?: string;
  readonly signed_in?: boolean;
  readonly verified?: boolean;
  readonly now?: number;
}
const cast = (
  approval: Approval,
  {
    by = 'bob@x',
    verdict = 'approve',
    only,
    comment,
    signed_in = false,
    verified = false,
    now = NOW,
  }: Ballot = {},
): Promise<Approval> =>
  store.tx((tx) =>
    vote(tx, now, {
      approval_id: approval.id,
      actor: { name: by, identity: signed_in ? 'verified' : 'claimed' },
      verdict,
      comment: comment ?? null,
      subjects: only ?? null,
      rules: { verified, groups: GROUPS },
    }),
  );
const verdicts = async (approval: Approval): Promise<Record<string, Verdict>> =>
  Object.fromEntries(
    (await listSubjects(store.db, { approval_id: approval.id, limit: 1000 })).map((s) => [
      s.subject,
      s.verdict,
    ]),
  );

describe('openApproval', () => {
  it('opens once for the same subjects, however often it is asked', async () => {
    const first = await open();
    expect(await open({}, undefined, NOW + HOUR)).toEqual(first);
    expect(await listApprovals(store.db, { limit: 10 })).toHaveLength(1);
    expect((await readEvents(store.db, { after: 0, limit: 9 })).map((e) => e.type)).toEqual([
      'approval.requested',
    ]);
  });

  it('is bound to what it shows: other subjects, or the same with other content, need another approval', async () => {
    const ids = new Set(
      [
        await open(),
        await open({}, [subject('a'), subject('b')]),
        await open({}, [subject('a', { binding: { digest: 'other' } }), subject('b'), subject('c')]),
      ].map((a) => a.id),
    );
    expect(ids.size).toBe(3);
  });

  it('freezes the rules of the gate and the deadline as they were when it opened', async () => {
    const approval = await open({
      required: 2,
      approvers: ['bob@x'],
      expires_s: 4 * 3600,
      on_expiry: 'skip',
      requester_may_approve: false,
    });
    expect(approval).toMatchObject({
      status: 'waiting',
      required: 2,
      approvers: ['bob@x'],
      requester_may_approve: false,
      on_expiry: 'skip',
      requested_by: 'ann@x',
    });
    expect(approval.expires_at).toBe(toIso(NOW + 4 * HOUR));
    expect(approval.counts).toEqual({ pending: 3, approve: 0, hold: 0, reject: 0 });
  });
});

describe('vote', () => {
  it('decides on everything that is open in one act', async () => {
    const approval = await open();
    const after = await cast(approval);
    expect(after).toMatchObject({
      status: 'decided',
      closed_at: toIso(NOW),
      counts: { pending: 0, approve: 3 },
    });
    expect((await readEvents(store.db, { after: 0, limit: 9 })).at(-1)).toMatchObject({
      type: 'approval.decided',
      message: 'bob@x said approve to "Promote"',
    });
  });

  it('gives each subject its own verdict, and is decided once none is open', async () => {
    const approval = await open();
    expect((await cast(approval, { only: ['a'] })).status).toBe('waiting');
    expect((await cast(approval, { only: ['b'], verdict: 'reject' })).status).toBe('waiting');
    expect((await cast(approval, { verdict: 'hold', comment: 'after the holidays' })).status).toBe('decided');
    expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'reject', c: 'hold' });
    expect(await subjectsWith(store.db, approval.id, 'approve')).toEqual(['a']);
  });

  it('keeps a verdict once it is given', async () => {
    const approval = await open();
    await cast(approval, { only: ['a'], verdict: 'reject' });
    await cast(approval);
    expect(await verdicts(approval)).toEqual({ a: 'reject', b: 'approve', c: 'approve' });
  });

  it('does no harm when it comes twice', async () => {
    const approval = await open();
    const first = await cast(approval);
    expect(await cast(approval, { now: NOW + HOUR })).toEqual(first);
    expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'approve', c: 'approve' });
  });

  it('refuses a subject that the request does not show, and says which is near', async () => {
    const approval = await open({}, [subject('seattle-wind:3')]);
    await expect(cast(approval, { only: ['seatle-wind:3'] })).rejects.toMatchObject({
      message: 'Not part of this request: seatle-wind:3.',
      hint: 'Did you mean seattle-wind:3?',
    });
    expect((await getApproval(store.db, approval.id)).counts.pending).toBe(1);
  });

  it('knows no request under a wrong id, and says which is near', async () => {
    const { id } = await open();
    await expect(getApproval(store.db, `${id.slice(0, -1)}~`)).rejects.toMatchObject({
      exit_code: 5,
      hint: `Did you mean ${id}?`,
    });
  });

  describe('with several people required', () => {
    it('approves once so many different people said so', async () => {
      const approval = await open({ required: 2 });
      expect((await cast(approval, { by: 'bob@x' })).counts.approve).toBe(0);
      expect((await cast(approval, { by: 'cat@x' })).counts.approve).toBe(3);
    });

    it('counts nobody twice, under whatever spelling', async () => {
      const approval = await open({ required: 2 });
      await cast(approval, { by: 'bob@x' });
      await cast(approval, { by: 'bob@x' });
      expect((await cast(approval, { by: 'BOB@X' })).counts.approve).toBe(0);
      await cast(approval, { by: 'bob@x', only: ['a'] });
      expect(await verdicts(approval)).toMatchObject({ a: 'pending' });
    });

    it('adds up who named a subject and who approved everything, in either order', async () => {
      const approval = await open({ required: 2 });
      await cast(approval, { by: 'bob@x', only: ['a'] });
      await cast(approval, { by: 'cat@x' });
      expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'pending', c: 'pending' });
      await cast(approval, { by: 'dan@x', only: ['b'] });
      expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'approve', c: 'pending' });
    });

    it('needs one only to reject or hold', async () => {
      const approval = await open({ required: 3 });
      await cast(approval, { only: ['a'], verdict: 'reject' });
      expect((await cast(approval, { verdict: 'hold' })).counts).toEqual({
        pending: 0,
        approve: 0,
        hold: 2,
        reject: 1,
      });
    });

    it('counts no yes from before a hold, whoever held it', async () => {
      const approval = await open({ required: 2 });
      await cast(approval, { by: 'bob@x', only: ['a'] });
      await cast(approval, { by: 'bob@x' });
      await cast(approval, { by: 'bob@x', only: ['a'], verdict: 'hold' });
      await cast(approval, { by: 'cat@x', only: ['a'] });
      expect(await verdicts(approval)).toEqual({ a: 'hold', b: 'pending', c: 'pending' });
      await cast(approval, { by: 'bob@x' });
      await cast(approval, { by: 'cat@x', only: ['a'] });
      expect(await verdicts(approval)).toMatchObject({ a: 'hold' });
      await cast(approval, { by: 'dan@x', only: ['a', 'b'] });
      expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'approve', c: 'pending' });
    });

    it('counts a yes to everything again once what was held is asked again', async () => {
      const approval = await open({ required: 2 });
      await cast(approval, { verdict: 'hold', only: ['a'] });
      await cast(approval, { verdict: 'hold' });
      await store.tx((tx) =>
        reopenApproval(tx, NOW, approval.id, { actor: person('bob@x'), expires_s: 3600, comment: null }),
      );
      await cast(approval, { by: 'bob@x' });
      await cast(approval, { by: 'cat@x', only: ['a'] });
      expect(await verdicts(approval)).toEqual({ a: 'approve', b: 'pending', c: 'pending' });
    });

    it('does not count a yes to everything for what a quality gate holds back', async () => {
      const approval = await open({ required: 2 }, [
        subject('good'),
        subject('bad', { held_because: 'mae 12 > 10' }),
      ]);
      await cast(approval, { by: 'bob@x' });
      await cast(approval, { by: 'cat@x', only: ['bad'], comment: 'the sensor was replaced' });
      expect(await verdicts(approval)).toMatchObject({ bad: 'hold' });
      await cast(approval, { by: 'bob@x', only: ['bad'], comment: 'agreed' });
      expect(await verdicts(approval)).toMatchObject({ bad: 'approve' });
    });
  });

  describe('and who may', () => {
    it('is anybody where no approvers are named, the requester too unless that is forbidden', async () => {
      expect((await cast(await open(), { by: 'ann@x' })).status).toBe('decided');
      const strict = await open({ requester_may_approve: false }, [subject('z')]);
      await expect(cast(strict, { by: 'Ann@X' })).rejects.toMatchObject({
        exit_code: 4,
        hint: 'Ask a second person.',
      });
      expect((await cast(strict, { by: 'bob@x' })).status).toBe('decided');
    });

    it('is only who is named, in any case of letters', async () => {
      const approval = await open({ approvers: ['Bob@X', 'cat@x'] });
      await expect(cast(approval, { by: 'eve@x' })).rejects.toMatchObject({
        exit_code: 4,
        message: 'eve@x is not an approver of gate registry-promotion.',
        hint: expect.stringContaining('Bob@X, cat@x'),
      });
      expect((await cast(approval, { by: 'bob@x' })).status).toBe('decided');
    });

    it('is only who signed in, where the gate asks for that', async () => {
      const approval = await open();
      await expect(cast(approval, { verified: true })).rejects.toMatchObject({
        exit_code: 4,
        hint: expect.stringContaining('signing in'),
      });
      expect((await cast(approval, { verified: true, signed_in: true })).status).toBe('decided');
      const votes = await store.db.selectFrom('approval_votes').select(['voter', 'identity']).execute();
      expect(votes).toEqual([{ voter: 'bob@x', identity: 'verified' }]);
    });

    it('is no API token where the gate asks for people, whoever is named', async () => {
      const approval = await open({ approvers: ['token:ci', 'bob@x'] });
      const token = { by: 'token:ci', signed_in: true };
      await expect(cast(approval, { ...token, verified: true })).rejects.toMatchObject({
        exit_code: 4,
        message: 'Gate registry-promotion accepts signed-in people only; token:ci is an API token.',
      });
      expect((await cast(approval, token)).status).toBe('decided');
    });

    it('leaves no vote behind when it is refused', async () => {
      const approval = await open({ approvers: ['bob@x'] });
      await expect(cast(approval, { by: 'eve@x', verdict: 'reject' })).rejects.toThrow();
      expect(await store.db.selectFrom('approval_votes').selectAll().execute()).toEqual([]);
      expect((await getApproval(store.db, approval.id)).counts.pending).toBe(3);
    });
  });

  describe('on what a quality gate holds back', () => {
    const mixed = () => open({}, [subject('good'), subject('bad', { held_because: 'mae 12 > 10' })]);

    it('takes blanks for no reason at all', async () => {
      await expect(cast(await mixed(), { only: ['bad'], comment: '  ' })).rejects.toMatchObject({
        exit_code: 4,
      });
    });

    it('holds it when everything is approved', async () => {
      const approval = await mixed();
      expect((await cast(approval)).counts).toEqual({ pending: 0, approve: 1, hold: 1, reject: 0 });
      expect(await verdicts(approval)).toEqual({ good: 'approve', bad: 'hold' });
    });

    it('lets it pass when somebody names it with a reason, on record', async () => {
      const approval = await mixed();
      await cast(approval, { only: ['bad'], comment: 'the sensor was replaced' });
      expect(await verdicts(approval)).toEqual({ good: 'pending', bad: 'approve' });
      expect(await store.db.selectFrom('approval_votes').select(['comment', 'subjects']).execute()).toEqual([
        { comment: 'the sensor was replaced', subjects: '["bad"]' },
      ]);
    });

    it('refuses it without a reason, and the others named with it', async () => {
      const approval = await mixed();
      await expect(cast(approval, { only: ['good', 'bad'] })).rejects.toMatchObject({
        exit_code: 4,
        message: 'A quality gate holds back bad.',
        hint: expect.stringContaining('--comment'),
      });
      expect(await verdicts(approval)).toEqual({ good: 'pending', bad: 'pending' });
    });

    it('shows why', async () => {
      const approval = await mixed();
      expect(
        (await listSubjects(store.db, { approval_id: approval.id, limit: 9 })).map(
          (s) => s.detail['held_because'],
        ),
      ).toEqual(['mae 12 > 10', undefined]);
    });

    it('is not fooled by a subject whose texts only look like it', async () => {
      const approval = await open({}, [subject('a', { detail: { message: '"held_because": no' } })]);
      expect((await cast(approval)).counts.approve).toBe(1);
    });
  });

  it.each([
    ['everything', undefined],
    ['each by name', subjects(5000).map((s) => s.subject)],
  ] as const)('approves 5,000 subjects in a handful of statements: %s', async (_title, only) => {
    const approval = await open({}, subjects(5000));
    const counted = await statements(() => cast(approval, only === undefined ? {} : { only }));
    expect((await getApproval(store.db, approval.id)).counts.approve).toBe(5000);
    expect(counted).toBeLessThan(40);
  });
});

describe('the deadline', () => {
  it('closes the request for whoever looks first, whether a worker ran meanwhile or not', async () => {
    const approval = await open({ expires_s: 4 * 3600, on_expiry: 'skip' });
    const look = (now: number) => store.tx((tx) => expireIfDue(tx, now, approval));
    expect((await look(NOW + 4 * HOUR - 1)).status).toBe('waiting');
    const late = NOW + 99 * HOUR;
    const expired = await look(late);
    expect(expired).toMatchObject({ status: 'expired', closed_at: expired.expires_at, on_expiry: 'skip' });
    expect((await readEvents(store.db, { after: 0, limit: 9 })).map((e) => e.type)).toEqual([
      'approval.requested',
      'approval.expired',
    ]);
  });

  it('refuses a verdict that comes too late', async () => {
    const approval = await open({ expires_s: 3600 });
    await expect(cast(approval, { now: NOW + HOUR })).rejects.toMatchObject({
      exit_code: 7,
      hint: expect.stringContaining('approvals reopen'),
    });
    expect((await getApproval(store.db, approval.id)).counts.approve).toBe(0);
  });

  it('does not touch what was decided before', async () => {
    const approval = await cast(await open({ expires_s: 3600 }));
    expect((await store.tx((tx) => expireIfDue(tx, NOW + 2 * HOUR, approval))).status).toBe('decided');
  });
});

describe('closeApprovals', () => {
  it('takes the open requests of a run back, and leaves what was decided', async () => {
    const decided = await cast(await open());
    const waiting = await open({}, [subject('z')]);
    await store.tx((tx) => closeApprovals(tx, NOW, { run_id: 'run_1' }, 'canceled'));
    expect((await getApproval(store.db, waiting.id)).status).toBe('canceled');
    expect((await getApproval(store.db, decided.id)).status).toBe('decided');
    await expect(cast(waiting)).rejects.toMatchObject({ exit_code: 7 });
  });
});

describe('listSubjects', () => {
  it('pages by name, by verdict where asked', async () => {
    const approval = await open({}, subjects(250));
    await cast(approval, { only: ['m00007'], verdict: 'reject' });
    const first = await listSubjects(store.db, { approval_id: approval.id, verdict: 'pending', limit: 100 });
    const second = await listSubjects(store.db, {
      approval_id: approval.id,
      verdict: 'pending',
      limit: 1000,
      after: first.at(-1)?.subject ?? '',
    });
    expect([...first, ...second].map((s) => s.subject)).toEqual(
      subjects(250)
        .map((s) => s.subject)
        .filter((s) => s !== 'm00007'),
    );
  });
});

/** How many statements a piece of work sends to the database. */
async function statements(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => {
      count++;
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const real = store;
  store = { ...real, tx: (inner) => real.tx((tx) => inner(tx.withPlugin(counter))) };
  try {
    await work();
  } finally {
    store = real;
  }
  return count;
}

describe('groups', () => {
  it('stand for their people, as the group is when somebody decides', async () => {
    const approval = await open({ approvers: ['@leads', 'cy@x'] });
    await expect(cast(approval, { by: 'eve@x' })).rejects.toThrow('eve@x is not an approver');
    expect((await cast(approval, { by: 'BOB@x' })).status).toBe('decided');
  });

  it('that are gone stand for nobody, not for everybody', async () => {
    const approval = await open({ approvers: ['@gone'] });
    await expect(cast(approval)).rejects.toThrow('is not an approver');
  });
});

describe('remindIfDue', () => {
  const remind = (approval: Approval, now: number): Promise<Approval> =>
    store.tx((tx) => remindIfDue(tx, now, approval));
  const reminders = async (): Promise<number> =>
    (await readEvents(store.db, { after: 0, limit: 99 })).filter((e) => e.type === 'approval.reminder')
      .length;

  it('reminds once per pause, and once for all that was missed', async () => {
    let approval = await open({ expires_s: 24 * 3600, remind_every_s: 3600 });
    approval = await remind(approval, NOW + HOUR - 1);
    expect(await reminders()).toBe(0);
    approval = await remind(approval, NOW + HOUR);
    approval = await remind(approval, NOW + HOUR);
    expect(await reminders()).toBe(1);
    approval = await remind(approval, NOW + 9 * HOUR);
    expect(await reminders()).toBe(2);
    expect(nextReminder(approval)).toBe(NOW + 10 * HOUR);
  });

  it('does not remind past the deadline, of what is decided, or where the gate says never', async () => {
    expect(nextReminder(await open({ expires_s: 3600, remind_every_s: 3600 }))).toBe(
      Number.POSITIVE_INFINITY,
    );
    const never = await open({ remind_every_s: null }, [subject('x')]);
    expect(nextReminder(never)).toBe(Number.POSITIVE_INFINITY);
    const decided = await cast(await open({ expires_s: 9 * 3600, remind_every_s: 3600 }, [subject('y')]));
    await remind(decided, NOW + 2 * HOUR);
    expect(await reminders()).toBe(0);
  });
});

describe('reopenApproval', () => {
  const reopen = (approval: Approval, now = NOW): Promise<Approval> =>
    store.tx((tx) =>
      reopenApproval(tx, now, approval.id, {
        actor: person('ann@x'),
        expires_s: 3600,
        comment: 'second look',
      }),
    );

  it('asks again what was held; what was approved or rejected keeps its verdict', async () => {
    const approval = await open();
    await cast(approval, { only: ['a'] });
    await cast(approval, { only: ['b'], verdict: 'reject' });
    const held = await cast(approval, { only: ['c'], verdict: 'hold' });
    expect(held.status).toBe('decided');
    const again = await reopen(held, NOW + HOUR);
    expect(again).toMatchObject({ status: 'waiting', closed_at: null, counts: { pending: 1 } });
    expect(again.expires_at).toBe(new Date(NOW + 2 * HOUR).toISOString());
    expect(await verdicts(again)).toEqual({ a: 'approve', b: 'reject', c: 'pending' });
    await expect(cast(again, { only: ['b'], now: NOW + HOUR })).rejects.toThrow('reject already');
    expect((await cast(again, { now: NOW + HOUR })).status).toBe('decided');
  });

  it('counts no yes that was said before', async () => {
    const approval = await open({ required: 2, expires_s: 3600 });
    await cast(approval, { by: 'bob@x' });
    const expired = await store.tx((tx) => expireIfDue(tx, NOW + HOUR, approval));
    expect(expired.status).toBe('expired');
    const again = await reopen(expired, NOW + HOUR);
    expect((await cast(again, { by: 'cy@x', now: NOW + HOUR })).status).toBe('waiting');
    expect((await cast(again, { by: 'bob@x', now: NOW + HOUR })).status).toBe('decided');
  });

  it('refuses what is open, or decided with nothing held', async () => {
    const approval = await open();
    await expect(reopen(approval)).rejects.toMatchObject({
      exit_code: 6,
      hint: expect.stringContaining('approve'),
    });
    await expect(reopen(await cast(approval))).rejects.toThrow('nothing in it to ask again');
  });
});

describe('a verdict that comes too late', () => {
  const atRetry = (): Promise<Approval> =>
    store.tx((tx) =>
      openApproval(tx, NOW, {
        run_id: 'run_1',
        stage: 'RetryFailedTraining',
        gate: 'training-retry',
        config: OPEN_GATE,
        title: 'Retry',
        requested_by: 'ann@x',
        subjects: [subject('a')],
      }),
    );

  it('on a retry that was canceled leads to the next run, which offers it', async () => {
    const approval = await atRetry();
    await store.tx((tx) => closeApprovals(tx, NOW, { run_id: 'run_1' }, 'canceled'));
    await expect(cast(approval)).rejects.toMatchObject({ hint: expect.stringMatching(/`trainyard run`\.$/) });
  });

  it('speaks of taking a model back only where one was approved', async () => {
    const models = await cast(await open());
    await expect(cast(models, { verdict: 'reject' })).rejects.toMatchObject({
      hint: expect.stringContaining('models withdraw'),
    });
    const retry = await cast(await atRetry());
    await expect(cast(retry, { verdict: 'reject' })).rejects.toMatchObject({
      hint: `See who said what with \`trainyard approvals show ${retry.id}\`.`,
    });
  });
});
