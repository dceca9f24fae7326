import { clip, compile, tiling } from 'infinitile';

const wide = tiling('wide', (t) => t.chunk({ rows: 65536, cols: 65536 }));
const kernel = await compile(clip, { dim: 4, tiling: wide, workspace: 2 ** 20 });
kernel.bind(70000, 70000);
