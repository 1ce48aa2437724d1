// Which page the address asks for, and going to another one without loading. Three pages need no library.
import { useSyncExternalStore } from 'react';
import { RoomId, type SessionId } from '@parley/protocol';
import { Store } from './call/store.ts';

export type Route =
  | { page: 'landing' }
  | { page: 'room'; room: RoomId }
  | { page: 'recordings'; room: RoomId | undefined }
  | { page: 'admin'; session: SessionId | undefined }
  | { page: 'check' }
  | { page: 'unknown' };

/** Reads the path and the query of an address. A room id that cannot be one is an unknown page. */
export function routeOf(path: string, search: string): Route {
  if (path === '/') return { page: 'landing' };
  if (path === '/check') return { page: 'check' };
  if (path === '/recordings') {
    const room = RoomId.safeParse(new URLSearchParams(search).get('room'));
    return { page: 'recordings', room: room.data };
  }
  // Not by its schema, which would load the whole administration along with a call.
  const admin = /^\/admin(?:\/sessions\/([A-Za-z0-9_-]{1,64}))?\/?$/.exec(path);
  if (admin) return { page: 'admin', session: admin[1] };
  const room = RoomId.safeParse(/^\/r\/([^/]+)\/?$/.exec(path)?.[1]);
  return room.success ? { page: 'room', room: room.data } : { page: 'unknown' };
}

/** The room that someone means by a pasted link or a bare code; undefined when it is neither. */
export function roomIdIn(text: string): RoomId | undefined {
  const trimmed = text.trim();
  const inLink = /\/r\/([^/?#\s]+)/.exec(trimmed)?.[1];
  return RoomId.safeParse(inLink ?? trimmed).data;
}

const current = new Store<Route>(routeOf(location.pathname, location.search));

function readAddress(): void {
  current.set(routeOf(location.pathname, location.search));
}

addEventListener('popstate', readAddress);

export function useRoute(): Route {
  return useSyncExternalStore(current.subscribe, current.snapshot);
}

/** Goes to a page of this site; the way back leads here. */
export function navigate(address: string): void {
  history.pushState(null, '', address);
  readAddress();
  scrollTo(0, 0);
}
