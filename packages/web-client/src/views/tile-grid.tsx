// Lays out the tiles: all the same size, or one shared screen large and the people beside it. Tiles are placed rather
// than nested differently, so that no picture is interrupted when the layout changes.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { TileView } from '../call/room-view.ts';
import { gridLayout, presentationLayout, type Rectangle } from './grid-layout.ts';

export function TileGrid({
  tiles,
  draw,
}: {
  tiles: readonly TileView[];
  draw: (tile: TileView, place: Rectangle) => ReactNode;
}) {
  const area = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Rectangle>({ left: 0, top: 0, width: 0, height: 0 });
  useEffect(() => {
    if (!area.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry)
        setSize({ left: 0, top: 0, width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(area.current);
    return () => observer.disconnect();
  }, []);

  // Shared screens come first; one's own is not shown large.
  const presented = tiles[0]?.kind === 'screen' && !tiles[0].own;
  const places = presented ? presentationLayout(tiles.length - 1, size) : gridLayout(tiles.length, size);
  return (
    <div ref={area} className="tiles">
      {tiles.map((tile, index) => draw(tile, places[index] ?? size))}
    </div>
  );
}
