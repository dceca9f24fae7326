import common from './ava.config.js';

/** Tests that need an NVIDIA GPU, one file at a time: they share its memory. */
export default { ...common, files: ['test/gpu/**/*.test.ts'], concurrency: 1, timeout: '10m' };
