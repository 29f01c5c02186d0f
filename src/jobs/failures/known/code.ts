import type { KnownCause } from './known-cause.ts';

const CRASH =
  'A native library crashed: see the last lines of Python before it, and whether versions of packages fit together. A retry helps only if the machine was at fault.';

/** Mistakes of the program that have words of their own; other exceptions are judged by their type. */
export const CODE: readonly KnownCause[] = [
  {
    id: 'import_name',
    class: 'code',
    pattern: /cannot import name '(?<name>[^'\n]{1,100})' from '?(?<module>[\w.]{1,200})/,
    advice:
      'The module has no such name: it is misspelt, or the environment has another version of the package than the code was written for.',
  },
  {
    id: 'gpu_assert',
    class: 'code',
    pattern: /device-side assert triggered/,
    title: 'CUDA error: device-side assert triggered',
    advice:
      'An index or label is out of range on the GPU: see the assertion in the log, and run it on the CPU for the exact place.',
  },
  {
    id: 'tensor_kinds',
    class: 'code',
    pattern:
      /must have the same dtype|[Ee]xpected scalar type|Expected all tensors to be on the same device|should be the same(?: type)?$/m,
    by: 'text',
    advice: 'Tensors of different types or devices meet: convert them (`.to(...)`) before.',
  },
  {
    id: 'segfault',
    class: 'code',
    pattern: /Segmentation fault|SIGSEGV/,
    title: 'Segmentation fault',
    advice: CRASH,
  },
  { id: 'bus_error', class: 'code', pattern: /\bBus error\b|SIGBUS/, title: 'Bus error', advice: CRASH },
  {
    id: 'illegal_instruction',
    class: 'config',
    pattern: /Illegal instruction|SIGILL/,
    title: 'Illegal instruction',
    advice: 'A package was built for another processor: use another build or another kind of node.',
  },
  {
    id: 'aborted',
    class: 'code',
    pattern: /Fatal Python error: Aborted|SIGABRT|\bAborted \(core dumped\)|^Aborted$/,
    title: 'Aborted',
    says: 'weak',
    advice: CRASH,
  },
  { id: 'too_late', class: 'code', pattern: /Cannot change \w{1,60} after/, by: 'text' },
  {
    id: 'sql_syntax',
    class: 'code',
    pattern: /ParseException|PARSE_SYNTAX_ERROR|syntax error at or near|mismatched input/,
    by: 'text',
    advice: 'A SQL statement is not understood: correct it, or see which dialect and version reads it.',
  },
  {
    id: 'panic',
    class: 'code',
    pattern: /PanicException|^thread '[^'\n]{1,100}' panicked/,
    by: 'text',
    advice: CRASH,
  },
  {
    id: 'tracking_value',
    class: 'code',
    pattern: /INVALID_PARAMETER_VALUE/,
    by: 'text',
    advice:
      'The tracking server refuses what the code logs: log each parameter once and with values that it takes.',
  },
  {
    id: 'attribute',
    class: 'code',
    pattern: /^AttributeError: (?:module '[^'\n]{1,100}'|'[^'\n]{1,100}' object) has no attribute/,
    by: 'text',
    says: 'weak',
    advice:
      'The code uses a name that is not there: a slip, or the environment has another version of a package than the code was written for.',
  },
];
