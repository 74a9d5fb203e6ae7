// A convolutional network: three layers that look for ever larger patterns, and a linear one that decides by them.
import { nn, type Tensor } from 'anneal';

export class Classifier extends nn.Module {
  features = new nn.Sequential(
    new nn.Conv2d(1, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // 14 x 14
    new nn.Conv2d(32, 64, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // 7 x 7
    new nn.Conv2d(64, 128, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // 3 x 3
    new nn.Flatten(),
    new nn.Dropout(0.5),
  );
  head = new nn.Linear(128 * 3 * 3, 10);

  /** images: [batch, 784], pixels from 0 to 1; gives logits [batch, 10]. */
  forward(images: Tensor): Tensor {
    return this.head.forward(this.features.forward(images.reshape([-1, 1, 28, 28])));
  }
}
