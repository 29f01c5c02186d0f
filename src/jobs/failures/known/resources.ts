import type { KnownCause } from './known-cause.ts';

const MORE_MEMORY =
  'It needs more memory than it gets: give it a larger machine or a higher limit, run fewer jobs at a time, or make it need less (smaller batches, fewer columns at once).';
const GPU_MEMORY =
  'The model and its batch do not fit into the memory of the GPU: make the batch smaller, use mixed precision, or a larger GPU, and see that no other job uses the same one.';

/** Memory, disk, handles, time, machines: more was needed than there was. */
export const RESOURCES: readonly KnownCause[] = [
  {
    id: 'gpu_memory',
    class: 'capacity',
    pattern:
      /(?:CUDA|HIP|MPS backend) out of memory|CUDA error: out of memory|cudaErrorMemoryAllocation|CU(?:BLAS|DNN)_STATUS_ALLOC_FAILED|CUDA_ERROR_OUT_OF_MEMORY/,
    title: 'CUDA out of memory',
    advice: GPU_MEMORY,
  },
  {
    id: 'tensor_memory',
    class: 'capacity',
    pattern: /OOM when allocating tensor|ResourceExhaustedError/,
    title: 'OOM when allocating a tensor',
    advice: GPU_MEMORY,
  },
  {
    id: 'xla_memory',
    class: 'capacity',
    pattern: /RESOURCE_EXHAUSTED: (?:Out of memory|Error allocating|Attempting to)/,
    title: 'XLA: RESOURCE_EXHAUSTED, out of memory',
    advice: GPU_MEMORY,
  },
  {
    id: 'shared_memory',
    class: 'capacity',
    pattern: /out of shared memory|insufficient shared memory|\/dev\/shm\b/,
    title: 'out of shared memory (/dev/shm)',
    advice:
      'Shared memory is too small for the data loaders: raise it (`shm_size`, in Kubernetes a memory volume at /dev/shm), or use fewer loader processes.',
  },
  {
    id: 'node_memory',
    class: 'capacity',
    pattern: /node running low on memory|killed due to memory pressure|low on resource: memory/,
    title: 'ended because the node ran low on memory',
    advice: MORE_MEMORY,
  },
  {
    id: 'executor_memory',
    class: 'capacity',
    pattern:
      /killed by YARN for exceeding|exceeding (?:physical |virtual )?memory limits|ExecutorLostFailure[^\n]{0,200}(?:exit(?:ed with)? (?:code|status):? 137|OOM)/,
    title: 'a Spark executor went over its memory',
    advice:
      'A Spark executor needs more memory: raise `spark.executor.memory` or `spark.executor.memoryOverhead`, or use more and smaller partitions.',
  },
  {
    id: 'driver_results',
    class: 'capacity',
    pattern: /bigger than spark\.driver\.maxResultSize/,
    title: 'results larger than spark.driver.maxResultSize',
    advice:
      'Too much is collected on the Spark driver: select or aggregate before `toPandas`, or raise `spark.driver.maxResultSize`.',
  },
  {
    id: 'java_memory',
    class: 'capacity',
    pattern:
      /java\.lang\.OutOfMemoryError|OutOfMemoryError: (?:Java heap|GC overhead|Metaspace|Direct buffer|unable to create)/,
    advice: 'Java ran out of memory: raise `spark.driver.memory` (or `-Xmx`), or collect less at once.',
  },
  {
    id: 'node_js_memory',
    class: 'capacity',
    pattern: /JavaScript heap out of memory/,
    title: 'JavaScript heap out of memory',
    advice: 'Node.js ran out of memory: raise `--max-old-space-size`, or hold less at once.',
  },
  {
    id: 'array_memory',
    class: 'capacity',
    pattern: /ArrayMemoryError|Unable to allocate [\d.]{1,20} ?[kKMGTPE]?i?B for an array/,
    title: 'an array does not fit into memory (numpy _ArrayMemoryError)',
    advice: MORE_MEMORY,
  },
  {
    id: 'bad_alloc',
    class: 'capacity',
    pattern: /std::bad_alloc/,
    title: 'std::bad_alloc: no memory left',
    advice: MORE_MEMORY,
  },
  {
    id: 'memory_error',
    class: 'capacity',
    pattern: /^MemoryError\b|\bMemoryError$/,
    title: 'MemoryError',
    advice: MORE_MEMORY,
  },
  {
    id: 'allocate',
    class: 'capacity',
    pattern: /Cannot allocate memory|\[Errno 12\]|paging file is too small/,
    title: 'Cannot allocate memory',
    advice: MORE_MEMORY,
  },
  {
    id: 'memory_limit',
    class: 'capacity',
    pattern: /\d MiB in use, the limit is \d/,
    title: 'over its memory limit',
    advice: MORE_MEMORY,
  },
  {
    id: 'worker_segfault',
    class: 'code',
    pattern: /was unexpectedly terminated[\s\S]{0,400}SIGSEGV/,
    title: 'a worker process crashed (SIGSEGV)',
  },
  {
    id: 'worker_killed',
    class: 'capacity',
    pattern: /TerminatedWorkerError|managed by the executor was unexpectedly terminated/,
    title: 'a joblib worker was killed, most often because memory ran out',
    advice: MORE_MEMORY,
  },
  {
    id: 'dask_worker',
    class: 'capacity',
    pattern: /KilledWorker|all those workers died/,
    title: 'KilledWorker: Dask workers died, most often because memory ran out',
    advice: MORE_MEMORY,
  },
  {
    id: 'pool_broken',
    class: 'capacity',
    pattern: /BrokenProcessPool|terminated abruptly while the future/,
    title: 'a process of the pool died, most often because memory ran out',
    advice: MORE_MEMORY,
  },
  {
    id: 'killed',
    class: 'capacity',
    pattern:
      /OOM-?Killed|OOM Killed|oom_kill event|[Oo]ut of memory: Kill(?:ed)? process|invoked oom-killer|Killed: the process used more memory|killed by SIGKILL|killed by signal: Killed|Signal 9 \(SIGKILL\)|exit ?code\s{0,4}: -9\b|line \d{1,6}:\s{1,10}\d{1,10} Killed\b|^Killed$|Signals\.SIGKILL|exited with (?:exit )?(?:code|status) 137|on signal 9 \(Killed\)|ran out-of-memory and exited/,
    title: 'killed (SIGKILL), most often because memory ran out',
    says: 'root',
    advice: MORE_MEMORY,
  },
  {
    id: 'disk_quota',
    class: 'capacity',
    pattern: /Disk quota exceeded|\[Errno 122\]|EDQUOT/,
    title: 'Disk quota exceeded',
    advice: 'The quota of the disk is used up: remove old files or have it raised, then retry.',
  },
  {
    id: 'disk_evicted',
    class: 'capacity',
    pattern: /low on resource: ephemeral-storage|local ephemeral storage usage exceeds/,
    title: 'evicted: the node ran low on ephemeral storage',
    advice:
      'It writes more to the disk of the node than there is: write less, clean up, or ask for more ephemeral storage.',
  },
  {
    id: 'disk_pressure',
    class: 'capacity',
    pattern: /\bDiskPressure\b/,
    title: 'the node was short of disk (DiskPressure)',
    advice: 'The node ran short of disk: write less, clean up, or use nodes with larger disks.',
  },
  {
    id: 'disk_full',
    class: 'capacity',
    pattern:
      /No space left on device|\[Errno 28\]|ENOSPC|[Dd]isk (?:is )?full|not enough (?:free )?(?:disk )?space/,
    title: 'No space left on device',
    advice:
      'A disk is full: free some space (old outputs, caches, checkpoints) or use a larger one, then retry.',
  },
  {
    id: 'open_files',
    class: 'capacity',
    pattern: /Too many open files|\[Errno 24\]|EMFILE/,
    title: 'Too many open files',
    advice: 'Too many files are open at once: close them after use, or raise the limit (`ulimit -n`).',
  },
  {
    id: 'threads',
    class: 'capacity',
    pattern:
      /can't start new thread|[Tt]hread creation failed|pthread_create failed|Resource temporarily unavailable|\[Errno 11\]/,
    title: 'no more threads or processes can be started',
    advice:
      'The limit of threads or processes is reached: use fewer workers, or raise the limit (`ulimit -u`, pids of the container).',
  },
  {
    id: 'scheduler_time_limit',
    class: 'capacity',
    pattern: /DUE TO TIME LIMIT/,
    title: 'cancelled at the time limit of the scheduler',
    says: 'root',
    advice: 'Ask the scheduler for more time, or make the training shorter.',
  },
  {
    id: 'unschedulable',
    class: 'capacity',
    pattern: /\bInsufficient (?<resource>cpu|memory|pods|ephemeral-storage|[\w.-]{1,60}\/[\w.-]{1,60})/,
    advice:
      'No node has that much free: wait, ask for less, or add nodes. A retry helps only once there is room.',
  },
  {
    id: 'quota',
    class: 'capacity',
    pattern:
      /vCPUs quota|QuotaExceeded|[Qq]uota[^\n]{0,80}(?:exceeded|used up|cannot accommodate|reached)|(?:exceed(?:s|ed|ing)?|out of)[^\n]{0,40}\bquota/,
    by: 'text',
    advice: 'A quota is used up: have it raised, use another kind of machine, or run fewer at a time.',
  },
  {
    id: 'no_capacity',
    class: 'capacity',
    pattern:
      /AllocationFailed|SkuNotAvailable|InsufficientInstanceCapacity|(?:not enough|insufficient|no) (?:free )?(?:capacity|nodes?)\b|nodes are available:/i,
    by: 'text',
    advice: 'There is no machine of this kind at present: retry later, or use another kind or region.',
  },
];
