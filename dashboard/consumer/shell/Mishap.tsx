import { Component, type ReactNode } from 'react';
import { Failure } from '../parts/Failure.tsx';

interface Props {
  /** The page's address: another one is another try. */
  readonly path: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: Error | null;
}

/** Keeps the ways to the other pages where one cannot be drawn, or its part cannot be fetched. React has this for classes alone. */
export class Mishap extends Component<Props, State> {
  override readonly state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidUpdate({ path }: Props): void {
    if (path !== this.props.path && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error } = this.state;
    // Not drawn again but loaded anew: the same page does not ask a second time for a part that could not be fetched.
    return error === null ? this.props.children : <Failure error={error} onRetry={() => location.reload()} />;
  }
}
