import test from 'ava';
import fc from 'fast-check';
import { encodeFrame, FrameReader } from '../../runtime/transport/frames.js';

const limits = { header: 4096, body: 4096 };

const frame = fc.record({ header: fc.record({ kind: fc.string(), count: fc.nat() }, { noNullPrototype: true }), body: fc.uint8Array({ maxLength: 200 }) });

test('however a stream is cut, the frames are the same', (t) => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (frames, sizes) => {
      const stream = Buffer.concat(frames.map(({ header, body }) => encodeFrame(header, body)));
      const reader = new FrameReader(limits);
      const read = [];
      for (let at = 0, cut = 0; at < stream.length; cut++) {
        const end = at + (sizes[cut % sizes.length] ?? 1);
        read.push(...reader.push(stream.subarray(at, end)));
        at = end;
      }
      t.deepEqual(read, frames.map(({ header, body }) => ({ header, body })));
    }),
  );
});

test('what is too large is refused before it has come', (t) => {
  const [long, wide] = [encodeFrame({ text: 'x'.repeat(limits.header) }), encodeFrame({}, new Uint8Array(limits.body + 1))];
  for (const stream of [long, wide]) t.throws(() => [...new FrameReader(limits).push(stream.subarray(0, 8))], { message: /too large/ });
  t.deepEqual([...new FrameReader(limits).push(wide.subarray(0, 7))], [], 'nothing is known of it yet');
  const reader = new FrameReader(limits);
  reader.widen({ header: 4096, body: limits.body + 1 });
  t.is([...reader.push(wide)].length, 1);
});

test('a header that is not JSON is refused', (t) => {
  const stream = Buffer.from(encodeFrame({}));
  stream.write('{?', 8);
  t.throws(() => [...new FrameReader(limits).push(stream)], { message: /not JSON/ });
});
