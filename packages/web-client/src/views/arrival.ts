// Where the focus goes when a page takes the place of another without loading: the button that led here is gone with its page.
import { useEffect, useRef, type RefObject } from 'react';

/** For the heading or the main part of a page, with `tabIndex={-1}`: it is read out, and the Tab key goes on from there. */
export function useFocusOnArrival<Element extends HTMLElement>(): RefObject<Element | null> {
  const element = useRef<Element>(null);
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
  return element;
}
