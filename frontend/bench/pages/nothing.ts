/** Three questions by hand and no engine: what the browser and the stopwatch themselves need for an answer. */
for (const s of [1, 2, 3]) {
  const yes = Object.assign(document.createElement('input'), { type: 'radio', id: `yes${s}` });
  const asked = Object.assign(document.createElement('p'), { hidden: true, id: `asked${s}` });
  const adults = Object.assign(document.createElement('input'), { id: `adults${s}` });
  const told = Object.assign(document.createElement('p'), { id: `told${s}` });
  asked.textContent = '家里有几个孩子？';
  yes.addEventListener('click', () => {
    asked.hidden = false;
  });
  adults.addEventListener('input', () => {
    told.textContent = `家里共${adults.value}人`;
  });
  document.body.append(yes, asked, adults, told);
}
document.querySelector('button')?.removeAttribute('disabled');
