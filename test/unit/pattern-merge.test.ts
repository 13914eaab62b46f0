import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeTemplates } from '../../model/pattern-merge.ts';

const one = (template: string, count = 1) => ({
  template,
  count,
  pattern: template.length.toString(16).padStart(16, '0'),
});
const groups = (templates: string[]) =>
  mergeTemplates(
    templates.map((template, n) => ({
      template,
      count: templates.length - n,
      pattern: n.toString(16).padStart(16, '0'),
    })),
  );

describe('similar templates', () => {
  test('are one where a place has many words, and stay apart where it has two', () => {
    const users = ['ann', 'bob', 'cid', 'dan', 'eve'].map((name) => `login of ${name} from <ip>`);
    const two = ['login succeeded for <n>', 'login failed for <n>'];
    const found = groups([...users, ...two]);
    expect(found.map(({ template, members }) => [template, members.length])).toEqual([
      ['login of <*> from <ip>', 5],
      ['login succeeded for <n>', 1],
      ['login failed for <n>', 1],
    ]);
    expect(found[0].count).toBe(7 + 6 + 5 + 4 + 3);
  });

  test('may differ in two places', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const all = names.flatMap((user) => names.map((file) => `user ${user} read file ${file}`));
    expect(groups(all).map((group) => group.template)).toEqual(['user <*> read file <*>']);
  });

  test('of one or two words never merge: nothing else tells them apart', () => {
    expect(groups(['start a', 'start b', 'start c', 'start d', 'start e'])).toHaveLength(5);
  });

  test('do not depend on their order, and no line is lost or counted twice', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const list = fc.uniqueArray(
      fc.tuple(word, word, word, fc.nat(50)).map(([x, y, z, count]) => ({
        template: `fixed ${x} then ${y} and ${z}`,
        pattern: `${x}${y}${z}`.padStart(16, '0'),
        count,
      })),
      { selector: (template) => template.pattern, maxLength: 60 },
    );
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.nat()), (templates, order) => {
        const shuffled = templates
          .map((template) => ({ template, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ template }) => template);
        const found = mergeTemplates(templates);
        expect(mergeTemplates(shuffled)).toEqual(found);
        expect(found.flatMap((group) => group.members.map((member) => member.pattern)).sort()).toEqual(
          templates.map((template) => template.pattern).sort(),
        );
        expect(found.reduce((sum, group) => sum + group.count, 0)).toBe(templates.reduce((sum, t) => sum + t.count, 0));
      }),
    );
  });

  test('Chinese sentences without blanks are themselves', () => {
    expect(mergeTemplates([one('用户<n>登录成功'), one('用户<n>登录失败了')])).toHaveLength(2);
  });
});
