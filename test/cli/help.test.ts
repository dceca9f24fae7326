import test from 'ava';
import { golden } from '../support/golden.js';
import { cli } from './support.js';

const commands = [[], ['run'], ['inspect'], ['check'], ['bench'], ['tune'], ['ring'], ['export'], ['doctor'], ['cache'], ['cache', 'list'], ['cache', 'clear']];

for (const command of commands) {
  test(`help of ${['infinitile', ...command].join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await cli(...command, '--help');
    t.is(code, 0);
    t.is(stderr, '');
    golden(t, `cli/help${command.map((word) => `-${word}`).join('')}.txt`, stdout);
  });
}

test('the version', async (t) => {
  const { code, stdout } = await cli('--version');
  t.is(code, 0);
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/);
});
