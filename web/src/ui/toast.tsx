import { Toast } from '@base-ui/react/toast';
import styles from './toast.module.css';

const manager = Toast.createToastManager();

/** Tells what came of an action, politely and for a while. */
export const toast = (text: string): void => void manager.add({ title: text, timeout: 6000 });

/** Where toasts appear; once, at the end of the page. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((each) => (
    <Toast.Root key={each.id} toast={each} className={styles.toast}>
      <Toast.Title className={styles.title} />
      <Toast.Close className={styles.close} aria-label="Close">
        ×
      </Toast.Close>
    </Toast.Root>
  ));
}
