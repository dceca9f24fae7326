/**
 * Every diagnostic there is, one row a code. A code is never reused for another mistake.
 *
 * | codes | about |
 * | ----- | ----- |
 * | 1xxx  | lambdas |
 * | 2xxx  | loss declarations |
 * | 3xxx  | tilings |
 * | 4xxx  | inputs and their shapes |
 * | 5xxx  | tool chain: compilers, NVRTC, the addon |
 * | 6xxx  | files and the artifact cache |
 * | 7xxx  | devices and runs |
 * | 8xxx  | the command line |
 */
const rows = {
  INF1001: row('syntax that is not compiled', 'A lambda is arithmetic, comparisons, `?:`, `const`, `if` with `return`, Math.* and library functions.'),
  INF1002: row('loop', 'A lambda is evaluated once for each pair of a tile; it has no loops.'),
  INF1003: row('assignment', 'Values in a lambda do not change: name each with `const`.'),
  INF1004: row('unknown function', 'Only Math.* functions with a known derivative, library functions and local helpers can be called.'),
  INF1005: row('captured outside variable', 'A kernel is compiled from the text of the lambda alone; values from outside come in by name through `constants`.'),
  INF1006: row('unknown parameter', 'A lambda reads only the parameters that its loss declares.'),
  INF1007: row('async function or generator', 'A lambda returns its value at once.'),
  INF1008: row('missing return', 'Every path through a lambda returns a value.'),
  INF1009: row('wrong type', 'Numbers and booleans are distinct, as in TypeScript: compare a number to make a boolean, choose with `?:` to make a number.'),
  INF1010: row('not available here', 'What a lambda may read depends on what it defines: the logit is made of the dot, the pair term may read both.'),
  INF1011: row('wrong number of arguments', 'The function takes another number of arguments.'),
  INF1012: row('unknown constant', 'A lambda reads only the constants that its loss declares.'),
  INF1013: row('unknown attribute', 'A row (query) or column (key) has its `index`, its `view`, and what the loss declares under `attributes`.'),
  INF1014: row('lambda without a text', 'The text of the function is what is compiled; native and bound functions have none.'),
  INF1015: row('recursive helper', 'A helper is expanded where it is called, so it cannot call itself.'),
  INF1016: row('text and behaviour differ', 'The lambda, called on numbers, gives another value than its text says: a name in it stands for something else.'),
  INF1017: row('unknown entry of the pair', 'The argument of a lambda has entries such as `dot`, `positive`, `row`, `col`, `params`, `constants` and `functions`.'),
  INF1018: row('divisor of integers', 'Integers are divided by positive constants alone: what they are divided by is known when the kernel is compiled.'),

  INF2001: row('name', 'Names appear in file names and in emitted code.'),
  INF2002: row('duplicate parameter', 'Each learned scalar has one name and one gradient.'),
  INF2003: row('parameter or constant name', 'Parameters and constants are read as `params.name` and `constants.name`.'),
  INF2004: row('no term', 'A loss sums a row softmax, a column softmax and a pair term; at least one is needed.'),
  INF2005: row('weight', 'A weight multiplies its term: a finite number other than 0.'),
  INF2006: row('loss that does not depend on dot', 'The gradient of such a loss with respect to every embedding is zero.'),
  INF2007: row('unknown choice', 'The field takes one of a few values.'),
  INF2008: row('constant that is not a number or boolean', 'Constants are written into the kernel as literals.'),
  INF2009: row('unknown field', 'The declaration has no such field.'),
  INF2010: row('missing or malformed field', 'The declaration needs this field, of this kind.'),
  INF2011: row('attribute', 'An attribute is an array of `i32` or `f32`, one number a row or column, under a name of its own.'),
  INF2012: row('parts that do not fit', 'Each part of the declaration is right in itself; together they do not make a loss.'),

  INF3001: row('level given twice', 'Each level splits the one outside it, once.'),
  INF3002: row('levels out of order', 'Levels are written outermost first: ring, chunk, block, register, instruction.'),
  INF3003: row('size that is no positive integer', 'Sizes count rows, columns, ranks or stages.'),
  INF3004: row('unknown knob', 'The level has no such knob.'),
  INF3005: row('levels that do not nest', 'The tile of a level lies inside the tile of the level outside it.'),
  INF3006: row('missing knob', 'The level is not complete without it.'),
  INF3007: row('instruction', 'An instruction is named, such as `mma.m16n8k16`.'),
  INF3008: row('knob left open among nothing', 'A choice has one value at least, and each once.'),
  INF3101: row('tiling that the target cannot run', 'A limit of the target: registers, shared memory, threads, instruction shapes.'),
  INF3102: row('instruction that the target does not have', 'Each target lists its instructions.'),
  INF3103: row('workspace over budget', 'The chunk bounds the workspace; a smaller chunk takes less.'),
  INF3104: row('knob with no legal value', 'A knob is left open among values of which the target can run one at least.'),
  INF3201: row('ring that cannot be laid out', 'Ranks are equally many on each node, each with a shard of the rows and of the columns.'),

  INF4001: row('shape', 'Q and K are matrices, one embedding a row.'),
  INF4002: row('embeddings of different lengths', 'Dot products need rows of one length.'),
  INF4003: row('empty input', 'There is nothing to sum.'),
  INF4004: row('unsupported value', 'Inputs are typed arrays, tensors and files of the kinds listed in the guide.'),
  INF4005: row('precision mismatch', 'A kernel is compiled for one precision of its inputs; nothing is converted in silence.'),
  INF4006: row('number of positive indices', 'One index per query.'),
  INF4007: row('positive index out of range', 'An index names a key, or is -1.'),
  INF4008: row('value that is not finite', 'NaN and infinities in an input would spread to every sum.'),
  INF4009: row('parameter values', 'A run needs one finite number for each parameter of the loss.'),
  INF4010: row('row or column without a positive', 'The loss refuses them; `unmatched: \'skip\'` leaves them out.'),
  INF4011: row('logits out of range', 'The sums of exponentials, or a term, leave the range of fp32.'),
  INF4012: row('index map', 'A loss takes its positives from the diagonal or from an index map, as it declares.'),
  INF4013: row('option out of range', 'Sizes and counts are whole numbers within limits.'),
  INF4014: row('row or column without a column that counts', 'The sum of its exponentials is empty; `unmatched: \'skip\'` leaves it out.'),
  INF4015: row('attribute values', 'A run needs one array for each attribute of the loss: an Int32Array or a Float32Array, one number a row or column.'),
  INF4016: row('guide', 'A guided loss needs a second pair of inputs, with the rows of the first.'),
  INF4017: row('tensors of different lengths', 'Counterparts are rows of the same number: both tensors have as many.'),
  INF4018: row('retrieval metrics', 'Ranks are of a row\'s one positive.'),

  INF5001: row('no compiler', 'The CPU target compiles its kernels with the host\'s C++ compiler.'),
  INF5002: row('compilation failed', 'The compiler refused the emitted source.'),
  INF5003: row('NVRTC is missing or incomplete', 'The CUDA targets compile through libnvrtc and libnvrtc-builtins.'),
  INF5004: row('addon is missing', 'The native addon is built by npm install.'),
  INF5005: row('compiler that cannot be used', 'The CPU target needs C++17, OpenMP and the instructions that it is compiled for.'),
  INF5006: row('package that cannot be used', 'An exported package has kernels for its targets, those of one version of Infinitile.'),

  INF6001: row('file cannot be read', 'The file is missing or may not be read.'),
  INF6002: row('truncated file', 'The file is shorter than its header says.'),
  INF6003: row('file format', 'Tensors are read from .npy and .safetensors.'),
  INF6004: row('element type of a file', 'Elements are read as f32, f16, bf16 (and indices as integers).'),
  INF6005: row('layout of a file', 'Matrices are row-major and little-endian.'),
  INF6006: row('tensor in a file', 'A file with several tensors needs the name of one.'),
  INF6007: row('file cannot be written', 'The folder is missing, full or may not be written.'),
  INF6101: row('cache cannot be written', 'Compiled kernels are kept in $INFINITILE_CACHE_DIR, else in the user\'s cache directory.'),
  INF6102: row('damaged cache entry', 'The entry is rebuilt.'),
  INF6103: row('tuned tiling that cannot be used', 'What was tuned says what it is of; what does not, or is of something else, counts as nothing.'),
  INF6104: row('tuning that is not kept', 'What is measured, and the winner, are kept in the cache.'),
  INF6105: row('file without a tiling', 'A tuned tiling is a JSON file, as `infinitile tune --save` writes it.'),
  INF6106: row('tiling tuned for something else', 'A tuned tiling is the fastest of one loss, depth, precision, target and device; elsewhere it is a tiling like any other.'),

  INF7001: row('no such device', 'The target needs a device that this machine does not have.'),
  INF7002: row('device out of memory', 'Inputs, outputs, statistics and workspace did not fit.'),
  INF7003: row('device error', 'The driver reported a failure.'),

  INF7101: row('rank lost', 'A rank of the ring has failed, ended or been silent for longer than the time limit: no other can go on without it.'),
  INF7102: row('ranks that disagree', 'All ranks run one loss, with one tiling, depth, precision, version, and the same options and parameters.'),
  INF7103: row('no connection between ranks', 'Ranks find each other through MPI, or by the addresses that torchrun and Slurm set.'),
  INF7104: row('no library for messages', 'Ranks on CPUs send by MPI, ranks on GPUs by NCCL or by MPI.'),
  INF7105: row('GPUs of ranks', 'Each rank has a GPU of its own, unless it is told to share one.'),

  INF8001: row('unknown flag or argument', 'The command does not take it.'),
  INF8002: row('definition that cannot be loaded', 'A loss or tiling is named as a preset, or as file.ts#export.'),
  INF8003: row('no such definition', 'The name is neither a preset nor an export of the file of that kind.'),
  INF8004: row('flags that do not go together', 'The command takes each, but not both, or not one without the other.'),
  INF8005: row('missing program', 'Another program does a part of what the command does.'),
  INF8006: row('results that disagree', 'Two implementations of one loss are compared before they are timed.'),
  INF8007: row('cluster description', 'A cluster is a JSON file: the latency and bandwidth of its links, the flops of a rank, whether they overlap.'),
  INF8008: row('budget too short', 'A search builds and times the usual tiling and one other at least.'),
} as const satisfies Readonly<Record<`INF${number}`, CatalogRow>>;

export type DiagnosticCode = keyof typeof rows;

export interface CatalogRow {
  readonly title: string;
  /** The rule behind the code. */
  readonly explanation: string;
}

export const catalog: Readonly<Record<DiagnosticCode, CatalogRow>> = rows;

function row(title: string, explanation: string): CatalogRow {
  return { title, explanation };
}
