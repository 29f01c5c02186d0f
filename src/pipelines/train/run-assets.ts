import { componentOf, environmentOf, findAsset, inEarnest } from '../../assets/index.ts';
import type { Component, Environment } from '../../assets/index.ts';
import { NotFoundError } from '../../kernel/errors.ts';
import type { Db } from '../../store/index.ts';
import type { StageContext } from '../pipeline.ts';

/** Who asks: a rehearsal also finds what rehearsals registered. */
type Reader = Pick<StageContext, 'db' | 'run'>;

/**
 * The registered component of a version, as jobs run it: its code is the snapshot taken at registration.
 * Kept per database and version: thousands of jobs share one.
 * @throws NotFoundError
 */
export async function findComponent({ db, run }: Reader, version: string, name: string): Promise<Component> {
  return kept({ db, run }, `component ${name}:${version}`, async () => {
    const asset = await findAsset(db, 'component', name, version, { rehearsed: run.rehearsal === 1 });
    if (asset === null) {
      throw new NotFoundError(`Component ${name}:${version} is not registered.`, {
        hint: `Set the component file to version ${version}, or let the circuit use the version of the file.`,
      });
    }
    return componentOf(asset);
  });
}

/** The environment that a component's command names, in the version the circuit asks for; null where it names none. */
export async function findEnvironment(
  { db, run }: Reader,
  component: Component,
  circuit_version: string | null,
): Promise<Environment | null> {
  const written =
    component.type === 'command'
      ? component.spec.environment
      : (component.jobs.find((j) => j.spec.environment !== null)?.spec.environment ?? null);
  const reference = written === null ? null : parseReference(written);
  if (reference === null) return null;
  const version = circuit_version ?? reference.version;
  return kept({ db, run }, `environment ${reference.name}:${version ?? '@latest'}`, async () => {
    const asset =
      version === null
        ? await latest({ db, run }, reference.name)
        : await findAsset(db, 'environment', reference.name, version, { rehearsed: run.rehearsal === 1 });
    if (asset === null) {
      throw new NotFoundError(
        `Environment ${reference.name}${version === null ? '' : `:${version}`} is not registered.`,
        {
          hint: 'Put its file into the folder of environments (components/environments), or correct `environment_version`.',
        },
      );
    }
    return environmentOf(asset);
  });
}

/** `azureml:name:version`, `azureml:name@latest`, `azureml://registries/r/environments/name/versions/v` → name and version. */
export function parseReference(text: string): { name: string; version: string | null } | null {
  const registry =
    /^azureml:\/\/registries\/[^/]+\/environments\/([^/]+)\/(?:versions\/([^/]+)|labels\/latest)$/.exec(text);
  if (registry?.[1] !== undefined) return { name: registry[1], version: registry[2] ?? null };
  const plain = /^azureml:([^:@/]+)(?::([^:@]+)|@latest)?$/.exec(text);
  if (plain?.[1] === undefined) return null;
  return { name: plain[1], version: plain[2] ?? null };
}

async function latest({ db, run }: Reader, name: string): Promise<Awaited<ReturnType<typeof findAsset>>> {
  const row = await db
    .selectFrom('assets')
    .select('version')
    .where('kind', '=', 'environment')
    .where('name', '=', name)
    .$if(run.rehearsal === 0, (q) => q.where(inEarnest))
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined
    ? null
    : findAsset(db, 'environment', name, row.version, { rehearsed: run.rehearsal === 1 });
}

const cache = new WeakMap<Db, Map<string, unknown>>();

async function kept<T>({ db, run }: Reader, asked: string, load: () => Promise<T>): Promise<T> {
  // What a rehearsal registered is replaced by the next one.
  const key = run.rehearsal === 1 ? `${run.id} ${asked}` : asked;
  let known = cache.get(db);
  if (known === undefined) cache.set(db, (known = new Map()));
  const found = known.get(key);
  // Registered assets never change, so what was read once stays true.
  if (found !== undefined) return found as T;
  const value = await load();
  if (!key.endsWith('@latest')) known.set(key, value);
  return value;
}
