// Catches what breaks a page, so that nobody sits before an empty one: says that it broke, and offers to load it anew.
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { LostPartError } from '../lost-part.ts';
import { MessagePage } from './message-page.tsx';

interface Props {
  /** What broke one page says nothing of the next. */
  page: unknown;
  children: ReactNode;
}

interface Broken {
  error: unknown;
}

export class PageBoundary extends Component<Props, { broken: Broken | undefined }> {
  override state: { broken: Broken | undefined } = { broken: undefined };

  static getDerivedStateFromError(error: unknown): { broken: Broken } {
    return { broken: { error } };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error('the page broke', error, info.componentStack);
  }

  override componentDidUpdate({ page }: Props): void {
    if (page !== this.props.page && this.state.broken) this.setState({ broken: undefined });
  }

  override render(): ReactNode {
    const { broken } = this.state;
    return broken ? <BrokenPage lost={broken.error instanceof LostPartError} /> : this.props.children;
  }
}

function BrokenPage({ lost }: { lost: boolean }) {
  return (
    <MessagePage
      title={lost ? 'This page is not there at the moment' : 'This page broke'}
      text={
        lost
          ? 'A part of it could not be fetched. The server may have been upgraded a moment ago, or cannot be reached. Load the page again.'
          : 'Something unexpected happened in this page; on the server nothing is lost. Load the page again. If it breaks again, tell whoever runs the server.'
      }
    >
      <button type="button" className="button primary" onClick={() => location.reload()}>
        Reload the page
      </button>
      {/* No link of ours: that would stay in the page that broke. */}
      <a href="/" className="button">
        Start page
      </a>
    </MessagePage>
  );
}
