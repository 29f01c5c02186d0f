import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { ProviderError } from '../kernel/errors.ts';
import { confine, fileError } from '../kernel/files.ts';
import type { ModelRef, RegistryName } from '../registry/index.ts';

interface ModelFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Brings the files of a model version into a folder; each appears whole, as the registry has it, or not at all. */
export async function downloadModelThere(
  yard: Client,
  registry: RegistryName,
  { model_name: name, version }: ModelRef,
  folder: string,
): Promise<{ readonly folder: string; readonly files: ModelFile[]; readonly size: number }> {
  const param = { name, version: String(version) };
  const model = await ok(yard.api.models[':name'].versions[':version'].$get({ param, query: { registry } }));
  const files = model.files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  const below = `/models/${encodeURIComponent(name)}/versions/${version}/files`;
  for (const file of files) {
    const answer = await yard.send(`${below}/${encodeURIComponent(file.path)}?registry=${registry}`);
    await writeChecked(answer, file, folder);
  }
  return { folder, files, size: files.reduce((sum, file) => sum + file.size, 0) };
}

/** Names of files come from elsewhere, so they are kept within the folder. */
async function writeChecked(answer: Response, { path, sha256 }: ModelFile, root: string): Promise<void> {
  const target = confine(root, path);
  const temporary = join(dirname(target), `.${randomBytes(6).toString('hex')}.tmp`);
  const hash = createHash('sha256');
  try {
    await mkdir(dirname(target), { recursive: true });
    // A link that lies in the folder already could lead out of it.
    confine(await realpath(root), await realpath(dirname(target)));
    const body = answer.body ?? new ReadableStream<Uint8Array>({ start: (stream) => stream.close() });
    await pipeline(
      Readable.fromWeb(body),
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          hash.update(piece);
          yield piece;
        }
      },
      createWriteStream(temporary, { flags: 'wx', mode: 0o644 }),
    );
    if (hash.digest('hex') !== sha256)
      throw new ProviderError(
        'server',
        `What came of ${path} is not what the registry has: its digest differs.`,
        {
          hint: 'Try again; `trainyard models show` says what the registry has.',
          retryable: true,
        },
      );
    await rename(temporary, target);
  } catch (error) {
    throw fileError(`write ${target}`, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
