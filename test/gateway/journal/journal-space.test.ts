import { describe, expect, it } from 'vitest';
import { type Room, whyNoRoom } from '../../../gateway/journal/journal-space.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const roomy: Room = { usedBytes: 0, reusableBytes: 0, diskFreeBytes: 10 * GIB, diskBytes: 100 * GIB };

describe('room for a batch', () => {
  it('is there below the bound and above the reserve', () => {
    expect(whyNoRoom(roomy, 4 * MIB, 16 * MIB)).toBeNull();
  });

  it('is not there where the bound would be passed', () => {
    expect(whyNoRoom({ ...roomy, usedBytes: 12 * MIB }, 4 * MIB, 16 * MIB)).toEqual({
      code: 'journal_full',
      detail: '12.0 MiB of at most 16.0 MiB (WAYSIDE_JOURNAL_MAX_BYTES) are in use',
    });
  });

  it('is not there where less than 64 MiB would be left for the others', () => {
    const room = { ...roomy, diskFreeBytes: 66 * MIB };
    expect(whyNoRoom(room, MIB, GIB)).toBeNull();
    expect(whyNoRoom(room, 4 * MIB, GIB)).toEqual({
      code: 'disk_full',
      detail:
        '66.0 MiB of 102400.0 MiB are free on the disk of the data directory; 64.0 MiB are kept free for records and telemetry',
    });
  });

  it('of a small disk ends at 2 % of it', () => {
    const room = { ...roomy, diskBytes: 100 * MIB, diskFreeBytes: 4 * MIB };
    expect(whyNoRoom(room, MIB, GIB)).toBeNull();
    expect(whyNoRoom({ ...room, diskFreeBytes: 3 * MIB }, MIB, GIB)).toMatchObject({ code: 'disk_full' });
  });

  it('is there on a full disk where the file itself holds enough that is unused', () => {
    const full = { ...roomy, diskFreeBytes: 0, reusableBytes: 8 * MIB };
    expect(whyNoRoom(full, 4 * MIB, GIB)).toBeNull();
    expect(whyNoRoom(full, 8 * MIB, GIB)).toMatchObject({ code: 'disk_full' });
  });
});
