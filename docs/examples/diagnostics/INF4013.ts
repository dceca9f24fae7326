import { clip, compile } from 'infinitile';

await compile(clip, { dim: 0.5 });
