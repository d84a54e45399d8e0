import { describe, expect, it } from 'vitest';
import { isOurScript } from './trusted';

const ours = (url: string) => isOurScript(url, 'https://visits.example/review/visits');

describe('the one policy of Trusted Types', () => {
  it('lets through the workers of this app', () => {
    expect(['/sw.js', '/assets/shrink.worker-B1_x.js'].filter(ours)).toHaveLength(2);
  });
  it('lets through nothing else', () => {
    const others = [
      'https://example.org/sw.js',
      '//example.org/sw.js',
      '/api/forms/x/1/files/a.js',
      '/assets/../api/x.js',
      'data:text/javascript,1',
      'blob:null/1',
      'javascript:alert(1)',
    ];
    expect(others.filter(ours)).toEqual([]);
  });
});
