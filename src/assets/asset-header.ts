import { literalText } from './literal.ts';
import { kindOf } from './yaml-document.ts';
import type { YamlDocument } from './yaml-document.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

export interface AssetHeader {
  readonly name: string;
  readonly version: string;
  readonly warnings: readonly string[];
}

/**
 * Name and version of an asset's file, as text. A version that YAML takes for a number stays as written: `1.10` is
 * not 1.1. Problems go to the document.
 */
export function readHeader(doc: YamlDocument): AssetHeader {
  const warnings: string[] = [];
  const name = doc.text(['name'], doc.root['name']);
  if (name === null && doc.root['name'] === undefined)
    doc.problem(['name'], 'name is missing', 'Add name: <name>.');
  else if (name !== null) checkName(doc, 'name', name);
  return { name: name ?? '', version: readVersion(doc, warnings), warnings };
}

function readVersion(doc: YamlDocument, warnings: string[]): string {
  const value = doc.root['version'];
  if (value === undefined || value === null) {
    doc.problem(
      ['version'],
      'version is missing',
      'Add version: "1"; every change of the content needs a new one.',
    );
    return '';
  }
  const written = doc.scalarAsWritten('version');
  if (written === null) {
    doc.problem(['version'], `version must be text, is ${kindOf(value)}`, 'Write version: "1".');
    return '';
  }
  const elsewhere = literalText(value);
  if (typeof value !== 'string' && elsewhere !== written) {
    warnings.push(
      `${doc.file}: version ${written} is ${elsewhere ?? 'something else'} to other YAML tools. Write version: "${written}".`,
    );
  }
  checkName(doc, 'version', written);
  return written;
}

function checkName(doc: YamlDocument, key: 'name' | 'version', text: string): void {
  if (NAME.test(text)) return;
  doc.problem(
    [key],
    `${key} ${JSON.stringify(text)} cannot be used`,
    'Use letters, digits, dots, dashes and underscores, beginning with a letter or digit, at most 255.',
  );
}
