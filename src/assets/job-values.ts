import { readOutputType } from './io-specs.ts';
import type { IoSpecs } from './io-specs.ts';
import { literalText } from './literal.ts';
import { absolutePath, isRemote } from './paths.ts';
import { bindingsIn, readOutputBinding } from './placeholders.ts';
import type { OutputSpec } from './types.ts';
import { isMapping, kindOf, own } from './yaml-document.ts';
import type { Path, YamlDocument } from './yaml-document.ts';

/** Inputs of a job as text: literals, bindings, or the path of a data input. */
export function readJobInputs(
  doc: YamlDocument,
  path: Path,
  value: unknown,
): Readonly<Record<string, string>> {
  const entries = Object.entries(doc.mapping(path, value)).flatMap(([name, item]): [string, string][] => {
    const here = [...path, name];
    if (item === null) return [];
    if (!isMapping(item)) {
      const text = literalText(item);
      if (text !== null) return [[name, text]];
      doc.problem(here, `must be a single value or a data input, is ${kindOf(item)}`);
      return [];
    }
    doc.checkKeys(here, item, ['type', 'path', 'value', 'mode', 'description', 'optional']);
    const text = literalText(item['path'] ?? item['value']);
    if (text === null) {
      doc.problem(here, 'has neither path nor value', 'Write path: <where the data lies>.');
      return [];
    }
    const local = item['path'] !== undefined && !isRemote(text) && bindingsIn(text).length === 0;
    return [[name, local ? absolutePath(doc.folder, text) : text]];
  });
  return Object.fromEntries(entries);
}

/** Outputs of a job: which of the pipeline's they are, and what an inline job declares by them. */
export function readJobOutputs(
  doc: YamlDocument,
  path: Path,
  value: unknown,
  io: IoSpecs,
): {
  readonly outputs: Readonly<Record<string, string>>;
  readonly specs: Readonly<Record<string, OutputSpec>>;
  readonly cloud_only: readonly string[];
} {
  const outputs: [string, string][] = [];
  const specs: [string, OutputSpec][] = [];
  const cloudOnly: string[] = [];
  for (const [name, item] of Object.entries(doc.mapping(path, value))) {
    const here = [...path, name];
    const mapping = isMapping(item) ? item : null;
    if (mapping !== null) {
      doc.checkKeys(here, mapping, ['type', 'path', 'mode', 'description', 'name', 'version']);
      cloudOnly.push(
        ...['name', 'version'].filter((key) => key in mapping).map((key) => [...here, key].join('.')),
      );
    }
    const text = mapping === null ? item : mapping['path'];
    const target = typeof text === 'string' ? readOutputBinding(text) : null;
    if (typeof text === 'string' && target !== null) outputs.push([name, text.trim()]);
    else if (mapping !== null && typeof text === 'string' && isRemote(text))
      cloudOnly.push([...here, 'path'].join('.'));
    else if (text !== undefined && text !== null) {
      const shown = literalText(text) ?? kindOf(text);
      doc.problem(here, `${shown} is no output of the pipeline`, 'Write ${{parent.outputs.<name>}}.');
    }
    const parent = target === null ? undefined : own(io.outputs, target);
    const type = mapping?.['type'] === undefined ? parent?.type : readOutputType(doc, here, mapping['type']);
    specs.push([name, { type: type ?? 'uri_folder', description: null }]);
  }
  return { outputs: Object.fromEntries(outputs), specs: Object.fromEntries(specs), cloud_only: cloudOnly };
}
