import { relative, resolve, sep } from 'node:path';

/** True for what lies elsewhere: `abfss://…`, `https://…`, `azureml://…`, `azureml:name:1`. A Windows drive is here. */
export const isRemote = (path: string): boolean =>
  /^[a-z][a-z0-9+.-]+:/i.test(path) && !path.startsWith('file:');

/** A path as Azure ML files write it (`./x`, `x`, `file:./x`, `file:///x`), absolute. */
export const absolutePath = (folder: string, path: string): string =>
  resolve(folder, path.replace(/^file:(?:\/\/(?=\/))?/, ''));

/** A path as a component's content holds it: relative to the component file, with `/`. */
export const contentPath = (from: string, to: string): string => {
  const path = relative(from, to).split(sep).join('/');
  return path.startsWith('../') ? path : `./${path}`;
};
