// biome-ignore-all lint/suspicious/noArrayIndexKey: pieces of one text have no other identity
import { visible } from '../text/visible.ts';
import styles from './patterns-tab.module.css';

const MASK = /(<(?:n|hex|id|uuid|ip|time|\*)>|"<s>"|'<s>')/;

/** A template with its variable parts set apart. */
export function TemplateText({ template }: { template: string }) {
  return (
    <code className={styles.code}>
      {template.split(MASK).map((part, index) =>
        index % 2 === 1 ? (
          <i key={index} className={styles.mask}>
            {part}
          </i>
        ) : (
          visible(part)
        ),
      )}
    </code>
  );
}
