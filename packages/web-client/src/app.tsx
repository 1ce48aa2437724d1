// Chooses the page for the address.
import { lazy, Suspense } from 'react';
import { loadPart } from './lost-part.ts';
import { useRoute, type Route } from './router.ts';
import { CheckPage } from './views/check/check-page.tsx';
import { Landing } from './views/landing.tsx';
import { RoomPage } from './views/room-page.tsx';
import { Recordings } from './views/recordings.tsx';
import { Waiting } from './views/waiting.tsx';
import { NewRoomButton } from './views/new-room-button.tsx';
import { MessagePage } from './views/message-page.tsx';
import { PageBoundary } from './views/page-boundary.tsx';

const AdminPages = lazy(async () => {
  const { AdminPages } = await loadPart('the administration', () => import('./views/admin/admin-pages.tsx'));
  return { default: AdminPages };
});

export function App() {
  const route = useRoute();
  return (
    <PageBoundary page={route}>
      <Page route={route} />
    </PageBoundary>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'landing':
      return <Landing />;
    case 'room':
      return <RoomPage key={route.room} room={route.room} />;
    case 'recordings':
      return <Recordings room={route.room} />;
    case 'admin':
      return (
        <Suspense fallback={<Waiting />}>
          <AdminPages session={route.session} />
        </Suspense>
      );
    case 'check':
      return <CheckPage />;
    case 'unknown':
      return (
        <MessagePage
          title="There is nothing here"
          text="This address leads to no page and no room. Check the link you were given, or open a new room."
        >
          <NewRoomButton />
        </MessagePage>
      );
  }
}
