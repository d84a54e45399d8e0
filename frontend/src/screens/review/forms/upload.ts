/** Files picked or dropped, as they are sent to be tried. */

export interface Upload {
  program: string;
  files: { name: string; content: string }[];
}

/** The server takes no more in one go. */
export const MOST_BYTES = 14 * 1024 * 1024;
export const KINDS =
  '.xlsx,.xlsm,.xls,.md,.csv,.xml,.zip,.geojson,.jpg,.jpeg,.png,.webp,.mp3,.m4a,.wav,.ogg,.mp4';

export async function uploadOf(program: string, files: readonly File[]): Promise<Upload> {
  const read = files.map(async (file) => ({ name: file.name, content: await base64(file) }));
  return { program, files: await Promise.all(read) };
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
