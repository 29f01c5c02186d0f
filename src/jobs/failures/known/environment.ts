import type { KnownCause } from './known-cause.ts';

const PACKAGES = 'Correct the packages of the environment file and raise its version.';

const MODULE =
  'The environment lacks this module: add the package that has it to the environment file and raise its version. A module of your own must lie in the code folder.';

/** What stands around the code: packages, libraries, commands, drivers. */
export const ENVIRONMENT: readonly KnownCause[] = [
  {
    id: 'module',
    class: 'config',
    pattern: /No module named '?(?<module>[\w.]{1,200})/,
    advice: MODULE,
  },
  {
    id: 'module',
    class: 'config',
    pattern: /Missing optional dependency '(?<module>[\w.]{1,100})/,
    advice: MODULE,
  },
  {
    id: 'library_version',
    class: 'config',
    pattern: /version `(?<version>[\w.]{1,80})' not found/,
    advice:
      'A system library of the image is too old for a package: use a newer image, or a package built for this one.',
  },
  {
    id: 'library',
    class: 'config',
    pattern: /(?<![\w.+-])(?<library>[\w.+-]{1,120}): cannot open shared object file/,
    advice: 'The image lacks a system library: install the system package that has it.',
  },
  {
    id: 'binary',
    class: 'config',
    pattern:
      /binary incompatibility|multiarray failed to import|compiled using NumPy 1|undefined symbol|[Ee]xec format error|compiled with different CUDA/,
    by: 'text',
    advice:
      'Packages of the environment were built for other versions of each other: pin versions that fit together.',
  },
  {
    id: 'pip_missing',
    class: 'config',
    pattern: /Could not find a version that satisfies the requirement (?<requirement>[^\s(]{1,200})/,
    advice: `No such version of a package is to be had: ${PACKAGES}`,
  },
  {
    id: 'pip_missing',
    class: 'config',
    pattern: /No matching distribution found for (?<requirement>[^\s(]{1,200})/,
    advice: `No such version of a package is to be had: ${PACKAGES}`,
  },
  {
    id: 'pip_conflict',
    class: 'config',
    pattern: /Cannot install (?<packages>[^\n]{1,300}?) because these package versions have conflicting/,
    advice: `Packages want different versions of each other: ${PACKAGES}`,
  },
  {
    id: 'conda_missing',
    class: 'config',
    pattern:
      /ResolvePackageNotFound|PackagesNotFoundError|Unsatisfiable\w{0,20}Error|LibMambaUnsatisfiable|Could not solve for environment/,
    by: 'text',
    advice: `Conda finds no such packages, or none that go together: ${PACKAGES}`,
  },
  {
    id: 'wheel',
    class: 'config',
    pattern: /Failed (?:building wheel for|to build) (?<package>[\w.-]{1,100})/,
    advice:
      'A package has no ready build for this Python and could not be compiled: use a version that has one, or an image with a compiler.',
  },
  {
    id: 'pip_failed',
    class: 'config',
    pattern: /ResolutionImpossible|subprocess-exited-with-error|Image build failed|could not be built/,
    says: 'weak',
    by: 'text',
    advice: `The environment could not be built: ${PACKAGES}`,
  },
  {
    id: 'command',
    class: 'config',
    pattern: /(?<=^|[\s:])(?<command>[\w.][\w./+-]{0,100}): (?:command )?not found\b/,
    advice: 'The image or machine has no such command: install it, or correct `command` in the component.',
  },
  {
    id: 'not_executable',
    class: 'config',
    pattern: /: (?<command>[\w./+-]{1,100}): Permission denied$/,
    advice: 'The file may not be executed: `git update-index --chmod=+x` it, or call it by its interpreter.',
  },
  {
    id: 'script',
    class: 'config',
    pattern: /can't open file '(?<path>[^'\n]{1,500})'/,
    advice:
      'The command names a script that is not in the code folder: correct `command` or `code` in the component.',
  },
  {
    id: 'secret',
    class: 'config',
    pattern: /\b(?<kind>secret|configmap) "(?<name>[^"\n]{1,200})" not found/,
    advice: 'The cluster has no such secret or config map in the namespace of the job: create it.',
  },
  {
    id: 'container_config',
    class: 'config',
    pattern: /CreateContainerConfigError|CreateContainerError|RunContainerError/,
    says: 'weak',
    by: 'text',
  },
  {
    id: 'driver',
    class: 'config',
    pattern:
      /NVIDIA driver on your system is too old|CUDA driver version is insufficient|forward compatibility was attempted/,
    title: 'the NVIDIA driver is too old for this CUDA',
    advice:
      'The driver of the node is older than the CUDA of the environment: use nodes with a newer driver, or packages for an older CUDA.',
  },
  {
    id: 'no_gpu',
    class: 'config',
    pattern:
      /No CUDA GPUs are available|no CUDA-capable device|Found no NVIDIA driver|not compiled with CUDA enabled|CUDA_ERROR_NO_DEVICE|could not select device driver/,
    by: 'text',
    advice:
      'The job sees no GPU: run it on a machine that has one, ask for it in the component, or train on the CPU.',
  },
  {
    id: 'gpu_kind',
    class: 'config',
    pattern: /no kernel image is available/,
    title: 'CUDA: no kernel image for this kind of GPU',
    advice:
      'The packages were not built for this kind of GPU: use a build that has it, or another kind of node.',
  },
  {
    id: 'pickle',
    class: 'config',
    pattern: /unsupported pickle protocol|incompatible dtype.{0,80}node array/,
    by: 'text',
    advice:
      'A saved object was written by other versions of Python or a package: write it anew, or use those versions.',
  },
  {
    id: 'delta_features',
    class: 'config',
    pattern: /minimum reader version|DELTA_UNSUPPORTED_FEATURES|reader features/,
    by: 'text',
    advice:
      'The table uses features that this version of the Delta library cannot read: use a newer version in the environment.',
  },
  {
    id: 'spark_source',
    class: 'config',
    pattern: /[Ff]ailed to find (?:the )?data source: (?<source>\w{1,80})/,
    advice:
      'Spark lacks the package for this format: add it to the session (`spark.jars.packages`) or the image.',
  },
  {
    id: 'spark_source',
    class: 'config',
    pattern: /ClassNotFoundException: (?<source>\w{1,80})\.DefaultSource/,
    advice:
      'Spark lacks the package for this format: add it to the session (`spark.jars.packages`) or the image.',
  },
  {
    id: 'odbc',
    class: 'config',
    pattern: /no default driver specified|Data source name not found|Can't open lib '/,
    by: 'text',
    advice: 'The ODBC driver is not installed in the image, or the connection names another one.',
  },
  {
    id: 'java_class',
    class: 'config',
    pattern: /(?:NoClassDefFoundError|ClassNotFoundException): (?<class>[\w.$/]{1,200})/,
    advice: 'Java lacks a class: add the package that has it, in a version that fits the others.',
  },
];
