import { describe, expect, it } from 'vitest';
import { sh } from './shell-kit.ts';

const FILES = `printf 'a b\\nc\\na b\\n' > /tmp/f; printf '(x)\\n' > /tmp/g;`;

describe('a command within arithmetic', () => {
  it.each([
    ['echo $(( $(grep -c "a b" /tmp/f) + 1 ))', '3\n'],
    ['x=4; echo "is $(( $(grep -c "a b" /tmp/f) * $x ))"', 'is 8\n'],
    ['w="a b"; echo $(( $(grep -c "$w" /tmp/f) + 1 ))', '3\n'],
    ['w=c; if (( $(grep -c $w /tmp/f) > 0 )); then echo yes; else echo no; fi', 'yes\n'],
    ['cd /tmp; echo $(( $(grep -c c f) + 1 ))', '2\n'],
    ['seven() { echo 7; }; echo $(( $(seven) + $(seven) ))', '14\n'],
    ['echo $(( $(grep -c "(x)" /tmp/g) + `grep -c "a b" /tmp/f` ))', '3\n'],
    ['echo $(( 1 + $(( $(grep -c "a b" /tmp/f) * 2 )) ))', '5\n'],
    ['echo $(( $(echo $(( $(grep -c "a b" /tmp/f) + 1 ))) * 10 ))', '30\n'],
    ["echo $(( $(awk '{n = $NF} END {print NR n}' /tmp/f | cut -c1) + 1 ))", '4\n'],
    ['for i in 1 2; do n=$(( $(echo "$i" | wc -l) + i )); echo $n; done', '2\n3\n'],
    ['n=0; while (( $(echo $n) < 3 )); do n=$((n + 1)); done; echo $n', '3\n'],
    ['x=abcdef; echo $'.concat('{x:$(echo "2"):1}; for i in $(( $(echo "1 2" | wc -w) )); do echo $i; done'), 'c\n2\n'],
    ['add() { local n=$(( $(echo "$1") + 1 )); echo $n; }; add 4; add 5', '5\n6\n'],
    ['set -e; echo $(( $(false) + 1 )); echo on', '1\non\n'],
    ['from=$(date +%s); sleep 5; echo $(( $(date +%s) - from ))', '5\n'],
    ['bash -c \'x="a b"; echo $(( $(grep -c "$x" /tmp/f) + 0 ))\'', '2\n'],
    ['ssh replica-1 \'x="a b"; echo $(( $(echo "$x" | wc -w) + 0 ))\'', '2\n'],
  ])('%s', async (script, expected) => {
    const { stdout, stderr, code } = await sh(`${FILES} ${script}`);
    expect([stderr, stdout, code]).toEqual(['', expected, 0]);
  });

  it.each([
    ['echo $(( $(wait; echo 3) + 1 ))', 'wait'],
    ['echo $(( `echo $RANDOM` + 1 ))', '$RANDOM'],
    ['for ((i = 0; i < $(echo 3); i++)); do echo $i; done', 'a command within this arithmetic'],
    ['echo $(( $(grep -c "(" /tmp/g) ))', 'a command within this arithmetic'],
    ['false; echo $? $(( $(echo 3) ))', 'a command within this arithmetic'],
  ])('%s is refused', async (script, what) => {
    const { stdout, stderr, code } = await sh(script);
    expect([stdout, code]).toEqual(['', 127]);
    expect(stderr).toContain(`bash: ${what}: not available in a rehearsal`);
  });
});
