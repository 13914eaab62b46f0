import { Component, type ReactNode } from 'react';
import { useWords } from '../words/words.tsx';
import { Button } from './controls.tsx';
import styles from './state.module.css';

/** The last resort: a bug in a page shows a sentence and a way on, not an empty window. */
export class Crash extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error === null ? this.props.children : <Crashed error={this.state.error} />;
  }
}

function Crashed({ error }: { error: Error }) {
  const words = useWords();
  return (
    <div className={styles.state} role="alert">
      <h1>{words.error.crashed}</h1>
      <p>
        {words.error.crashedHint}
        <br />
        <code className="mono">{error.message}</code>
      </p>
      <Button icon="again" onClick={() => window.location.reload()}>
        {words.error.reload}
      </Button>
    </div>
  );
}
