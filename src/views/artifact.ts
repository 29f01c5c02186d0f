import { z } from 'zod';
import { NotFoundError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import type { Run } from '../pipelines/index.ts';
import type { ArtifactsTable, Db } from '../store/index.ts';
import { Time } from './fields.ts';

/** A file that a run wrote. */
export const ArtifactRow = z
  .object({
    name: z.string(),
    file: z.string().meta({ description: 'Its name as a file.' }),
    size: z.int().meta({ description: 'Bytes.' }),
    sha256: z.string(),
    created_at: Time,
  })
  .meta({ id: 'Artifact', description: 'A file that a run wrote.' });
export type ArtifactRow = z.infer<typeof ArtifactRow>;

/** A run's artifacts in the order in which they were written. */
export const artifactsOf = (db: Db, run: Pick<Run, 'id'>): Promise<ArtifactsTable[]> =>
  db
    .selectFrom('artifacts')
    .selectAll()
    .where('run_id', '=', run.id)
    .orderBy('created_at')
    .orderBy('name')
    .execute();

export const artifactRow = ({ name, size, sha256, created_at }: ArtifactsTable): ArtifactRow => ({
  name,
  file: `${name}.json`,
  size,
  sha256,
  created_at,
});

/** The one of this name, with or without `.json`. @throws NotFoundError */
export function artifactNamed<T extends Pick<ArtifactRow, 'name'>>(
  rows: readonly T[],
  run: Pick<Run, 'number'>,
  name: string,
): T {
  const wanted = name.replace(/\.json$/, '');
  const found = rows.find((row) => row.name === wanted);
  if (found !== undefined) return found;
  const names = rows.map((row) => row.name);
  throw new NotFoundError(`Run ${run.number} has no artifact ${wanted.slice(0, 200)}.`, {
    hint: didYouMean(wanted, names) ?? `It has ${names.join(', ') || 'none yet'}.`,
  });
}
