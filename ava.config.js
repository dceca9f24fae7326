/** Child processes, not worker threads: tsx does not reach into a worker, and a crash of the addon ends one file alone. */
export default {
  files: ['test/**/*.test.ts', '!test/gpu/**'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // Where the runner's own output is coloured, it asks every process below it for colours.
  environmentVariables: { FORCE_COLOR: '0' },
  timeout: '5m',
  concurrency: 2,
};
