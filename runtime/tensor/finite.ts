import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Precision } from '../../dsl/problem.js';
import { elementSize } from './element.js';
import type { MatrixSource } from './matrix.js';

/** The same matrix, refused while it loads where a value is NaN or infinite: for inputs that no kernel looks at first. */
export function finiteMatrix(source: MatrixSource): MatrixSource {
  const rowBytes = source.dim * elementSize[source.precision];
  return {
    ...source,
    load: (buffer, options = {}) => {
      const base = options.offset ?? 0;
      const first = source.firstRow + (options.firstRow ?? 0);
      const write = async (bytes: ArrayBufferView, offset: number): Promise<void> => {
        const bad = firstBad(bytes, source.precision);
        if (bad >= 0) throw notFinite(source.name, first + Math.floor((offset - base + bad) / rowBytes));
        await buffer.write(bytes, offset);
      };
      return source.load({ write }, options);
    },
  };
}

/** All exponent bits set, by precision: the upper half of an f32 word tells. */
const exponents: Readonly<Record<Precision, number>> = { f32: 0x7f80, bf16: 0x7f80, f16: 0x7c00 };

/** Offset in bytes of the first value that is not finite, -1 without one. */
function firstBad(view: ArrayBufferView, precision: Precision): number {
  const bytes = new DataView(view.buffer, view.byteOffset, view.byteLength);
  const [size, exponent] = [elementSize[precision], exponents[precision]];
  for (let at = 0; at < view.byteLength; at += size) if ((bytes.getUint16(at + size - 2, true) & exponent) === exponent) return at;
  return -1;
}

function notFinite(name: string, row: number): InfinitileError {
  return new InfinitileError([{ code: 'INF4008', message: `${name} holds NaN or infinity: row ${row} is the first such row`, hint: 'every value must be finite' }]);
}
