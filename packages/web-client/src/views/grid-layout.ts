// Where each tile lies, so that all of them fit into an area and are as large as can be. All numbers are CSS pixels.

/** Width by height of a tile. */
export const TILE_ASPECT = 16 / 9;
/** Between tiles. */
export const TILE_GAP = 10;

export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Areas for `count` tiles of 16:9 in rows, the last row centred like the others. */
export function gridLayout(count: number, area: Rectangle): Rectangle[] {
  const { columns, width, height } = bestFit(count, area);
  const rows = Math.ceil(count / columns);
  const top = area.top + (area.height - rows * height - (rows - 1) * TILE_GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = area.left + (area.width - inRow * width - (inRow - 1) * TILE_GAP) / 2;
    return {
      left: Math.round(left + (index % columns) * (width + TILE_GAP)),
      top: Math.round(top + row * (height + TILE_GAP)),
      width,
      height,
    };
  });
}

/** Areas when one screen is shown large, which comes first, and `people` tiles beside it, or below it where it is narrow. */
export function presentationLayout(people: number, area: Rectangle): Rectangle[] {
  if (people === 0) return [area];
  const { left, top, width, height } = area;
  if (width >= height) {
    const strip = Math.round(Math.min(260, Math.max(140, width * 0.2)));
    const screen = { ...area, width: Math.max(0, width - strip - TILE_GAP) };
    return [screen, ...gridLayout(people, { left: left + width - strip, top, width: strip, height })];
  }
  const strip = Math.round(height * (people > 2 ? 0.4 : 0.25));
  const screen = { ...area, height: Math.max(0, height - strip - TILE_GAP) };
  return [screen, ...gridLayout(people, { left, top: top + height - strip, width, height: strip })];
}

/** The number of columns with which the tiles become largest; sizes are whole pixels. */
function bestFit(count: number, area: Rectangle): { columns: number; width: number; height: number } {
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (area.width - TILE_GAP * (columns - 1)) / columns;
    const byHeight = ((area.height - TILE_GAP * (rows - 1)) / rows) * TILE_ASPECT;
    const width = Math.max(0, Math.floor(Math.min(byWidth, byHeight)));
    if (width > best.width) best = { columns, width, height: Math.floor(width / TILE_ASPECT) };
  }
  return best;
}
